"""Errors that the user can act on; the command line prints them as one line and exits with 1.

ShorttrackError
├── RaceFileError      race.json, truth.json, observations, corrections, start list: missing or malformed
├── VideoError         the video cannot be used
├── WeightsError       the detector's weights cannot be used or fetched
├── OutputError        the output folder cannot be written, or holds something else
└── ScenarioError      a scenario file of the simulator is malformed
"""


class ShorttrackError(Exception):
    """One line for people: what is wrong, with which file, what to do."""


class RaceFileError(ShorttrackError):
    pass


class VideoError(ShorttrackError):
    pass


class WeightsError(ShorttrackError):
    pass


class OutputError(ShorttrackError):
    pass


class ScenarioError(ShorttrackError):
    pass
