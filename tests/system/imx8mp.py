# SPDX-License-Identifier: BSD-2-Clause
"""Launcher options for NXP's i.MX 8M Plus EVK, with a switch, as a link has one device: a network
card at 03:00.0 and an NVMe disk at 04:00.0."""

import base64

from test_firmware import boot_file

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


# Kernel and ramdisk of domains that start with the machine, above the control domain's.
KERNEL_AT, RAMDISK_AT = 0xa8000000, 0xb0000000


def module(kind, at, file, bootargs=""):
    """A domain's module in the device tree, and the option that puts it there."""
    node = f"""module@{at:x} {{
    compatible = "multiboot,{kind}", "multiboot,module";
    reg = <0 {at:#x} 0 {file.stat().st_size:#x}>;
    bootargs = "{bootargs}";
}};"""
    return node, ["--device", f"loader,addr={at:#x},file={file},force-raw=on"]


def boot_domain(directory, name, script, properties):
    """A guest that runs the script: source for --dts, and launcher options."""
    for file in "Image", "initramfs":
        (directory / file).write_bytes(boot_file(file))
    extra = ("console=ttyAMA0 quiet viaduct.run=" +
             base64.b64encode(script.encode()).decode())
    kernel, kernel_options = module("kernel", KERNEL_AT, directory / "Image", extra)
    ramdisk, ramdisk_options = module("ramdisk", RAMDISK_AT, directory / "initramfs")
    return f"""
/ {{ chosen {{ {name} {{
    compatible = "xen,domain";
    #address-cells = <2>;
    #size-cells = <2>;
    memory = <0 {256 << 10}>;
    cpus = <1>;
    {properties}
    {kernel}
    {ramdisk}
}}; }}; }};
""", [*kernel_options, *ramdisk_options]
