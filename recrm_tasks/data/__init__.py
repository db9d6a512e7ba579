"""Sources -> checked records: the hub, files on disk, and the sample of this package."""

from recrm_tasks.data.dataset import Dataset, load

__all__ = ["Dataset", "load"]
