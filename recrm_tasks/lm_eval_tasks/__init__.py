"""lm-evaluation-harness's room: the YAML tasks of this folder and their glue. Nobody else imports lm_eval's world."""
