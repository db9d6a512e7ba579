"""`recrm data build`: interaction logs and labelled rows -> records, by a recipe (docs/build.md).

Only `build_command` may be imported without the libraries of the extra `build`; it loads the rest when it runs.
"""
