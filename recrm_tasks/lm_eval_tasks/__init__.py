"""The tasks for lm-evaluation-harness: YAML files and the code that they call. Only this package imports lm_eval."""
