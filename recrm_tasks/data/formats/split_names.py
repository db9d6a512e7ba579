"""The names by which `datasets` finds splits, and the Chinese ones."""

SPLITS = {
    "train": ("train", "training", "训练", "训练集"),
    "validation": ("validation", "valid", "val", "dev", "验证", "验证集"),
    "test": ("test", "testing", "eval", "evaluation", "测试", "测试集"),
}
