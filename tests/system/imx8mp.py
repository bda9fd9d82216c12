# SPDX-License-Identifier: BSD-2-Clause
"""Launcher options for NXP's i.MX 8M Plus EVK, with a switch, as a link has one device: a network
card at 03:00.0 and an NVMe disk at 04:00.0."""

BOARD = ["--machine", "imx8mp-evk"]

NIC = "0000:03:00.0"
DISK = "0000:04:00.0"


def switch(image):
    return [
        "--device", "x3130-upstream,id=up,bus=dw-pcie",
        "--device", "xio3130-downstream,id=down0,bus=up,chassis=1,slot=0",
        "--device", "xio3130-downstream,id=down1,bus=up,chassis=1,slot=1",
        "--qemu", "-netdev user,id=net0,restrict=on",
        "--device", "e1000e,netdev=net0,bus=down0",
        "--drive", f"if=none,format=raw,file={image},id=disk",
        "--device", "nvme,serial=one,drive=disk,bus=down1",
    ]
