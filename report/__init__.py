"""Charts, HTML, clips and annotated video from what a run left."""
