"""How Inspect's view lists the samples of a run."""

from __future__ import annotations

from inspect_ai.viewer import ScoreColorScale, TaskSamplesColumn, TaskSamplesView, ViewerConfig


def list_of_samples(scorer: str) -> ViewerConfig:
    """The columns in the order of a reader's questions: which record, what was right, what was answered, is that right.

    Args:
        scorer: the name of the task's scorer.
    """
    shown = [
        *(TaskSamplesColumn(id=name) for name in ("sampleStatus", "sampleId", "input", "target", "answer")),
        TaskSamplesColumn.score(scorer),
        *(TaskSamplesColumn(id=name) for name in ("tokens", "duration")),
    ]
    return ViewerConfig(
        task_samples_view=TaskSamplesView(
            name="answers",
            columns=shown,
            multiline=True,
            score_labels={scorer: "credit"},
            score_color_scales={scorer: ScoreColorScale(palette="good-high", min=0.0, max=1.0)},
            color_scales_enabled=True,
        )
    )
