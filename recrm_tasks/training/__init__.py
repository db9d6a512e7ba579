"""Records -> training sets: what a model is trained on, in the files of the trainers."""
