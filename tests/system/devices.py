# SPDX-License-Identifier: BSD-2-Clause
"""Launcher options for the devices QEMU has, each behind a root port of its own, and the guests
that drive them."""

from conftest import TOP, root_port
from scenario import guest

# Guests that drive more than NVMe and virtio need this overlay.
FULL = ["--overlay", TOP / "build/overlay/guest-full"]
CONSOLE = "console=ttyAMA0 quiet"


def full_guest(name, script, *, pci, extra=CONSOLE, memory=384, **options):
    """A guest with Debian's generic kernel, all drivers and the programs of guest.programs."""
    return guest(name, script, kernel="/boot/Image-full", ramdisk="/boot/initramfs-full",
                 pci=pci, extra=extra, memory=memory, **options)


def drive(name, image):
    return ["--drive", f"if=none,format=raw,file={image},id={name}"]


def ahci(image, port):
    """A SATA disk."""
    return [*root_port(port), *drive(f"sata{port}", image),
            "--device", f"ich9-ahci,id=ahci{port},bus=rp{port}",
            "--device", f"ide-hd,drive=sata{port},bus=ahci{port}.0"]


def usb_disk(image, port):
    """A USB 3 controller with a disk."""
    return [*root_port(port), *drive(f"usb{port}", image),
            "--device", f"qemu-xhci,id=xhci{port},bus=rp{port}",
            "--device", f"usb-storage,drive=usb{port},bus=xhci{port}.0"]


def virtio_blk(image, port):
    """A virtio disk whose DMA goes through the SMMU."""
    return [*root_port(port), *drive(f"virtio{port}", image),
            "--device", f"virtio-blk-pci,drive=virtio{port},bus=rp{port},iommu_platform=on,"
                        "disable-legacy=on"]


def hub_nic(model, hub, number, bus, options=""):
    """A network card on one of QEMU's hubs: the cards of a hub hear each other, nobody else.

    Its address ends in hub and number.
    """
    name = f"nic{hub}.{number}"
    return ["--qemu", f"-netdev hubport,id={name},hubid={hub}",
            "--device", f"{model},netdev={name},bus={bus},mac=52:54:00:00:{hub:02x}:{number:02x}"
                        f"{options}"]


def conventional_bridge(name, port):
    """A bridge to conventional PCI; its devices have numbers from 1."""
    return [*root_port(port), "--device", f"pcie-pci-bridge,id={name},bus=rp{port}"]
