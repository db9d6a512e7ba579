"""The hybrid reward in the form that each trainer takes: one file per trainer.

A trainer may put this folder on the path of modules, so no file here has the name of another package.
"""
