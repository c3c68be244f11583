"""SVG elements with the standard library, which escapes what it is given."""

from xml.etree import ElementTree as ET

Element = ET.Element

INK = "#1a1f24"
SOFT = "#5b6670"
GRID = "#d9dee3"
WARN = "#b00020"
FONT = "'Inter','Segoe UI','Helvetica Neue',Arial,'Noto Sans','Noto Sans CJK KR','Malgun Gothic',sans-serif"


def canvas(width: float, height: float, title: str, description: str) -> Element:
    """An empty white picture that scales to its place, named for those who cannot see it."""
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg"})
    _set(root, viewBox=f"0 0 {width:g} {height:g}", width=width, height=height, role="img", aria_label=title)
    _set(root, font_family=FONT, font_size=13, fill=INK)
    add(root, "title", title)
    add(root, "desc", description)
    add(root, "rect", width=width, height=height, fill="#ffffff")
    return root


def add(parent: Element, tag: str, text: str | None = None, **attributes: str | float) -> Element:
    """A new child of ``parent``; ``font_size=12`` becomes ``font-size="12"``, ``class_`` ``class``."""
    child = ET.SubElement(parent, tag)
    child.text = text
    _set(child, **attributes)
    return child


def path(points: list[tuple[float, float]]) -> str:
    """Path data of straight lines through ``points``."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def to_text(root: Element) -> str:
    """The picture as a standalone SVG text that can also stand inside HTML."""
    return ET.tostring(root, encoding="unicode")


def _set(element: Element, **attributes: str | float) -> None:
    for name, value in attributes.items():
        key = name if name == "viewBox" else name.rstrip("_").replace("_", "-")
        element.set(key, value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip("."))


def marker(parent: Element, shape: int, x: float, y: float, colour: str, hollow: bool, title: str) -> Element:
    """One of four shapes by ``shape`` modulo 4, so that lines are told apart without colour; ``hollow``: not seen."""
    d = (
        f"M{x - 6:.1f} {y:.1f}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0Z",
        f"M{x - 5.5:.1f} {y - 5.5:.1f}h11v11h-11Z",
        f"M{x:.1f} {y - 7.5:.1f}l7.5 7.5l-7.5 7.5l-7.5 -7.5Z",
        f"M{x:.1f} {y - 7:.1f}l7.5 12.5h-15Z",
    )[shape % 4]
    child = add(parent, "path", d=d, fill="#ffffff" if hollow else colour, stroke=colour if hollow else "#ffffff")
    _set(child, stroke_width=2.5 if hollow else 1.5, class_="marker")
    add(child, "title", title)
    return child


def message(title: str, text: str) -> str:
    """A picture that says in words why there is no chart."""
    root = canvas(640, 90, title, text)
    add(root, "text", title, x=20, y=34, font_size=17, font_weight=700)
    add(root, "text", text, x=20, y=62, fill=SOFT)
    return to_text(root)
