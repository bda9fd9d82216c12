# SPDX-License-Identifier: BSD-2-Clause
"""Virtual functions: enabled by the stock drivers of their physical functions, lent, used, taken back.

QEMU 10.0 decodes only the low 32 bits of igb's VF BARs, with and without a hypervisor: the machine
has no window above 4 GiB here.
"""

import hashlib
import re

import pytest

import scenario
import via_json
from conftest import TOP, root_port
from scenario import guest, result

IGB = "0000:01:00.0"
NVME = "0000:02:00.0"
IGB_VFS = ["0000:01:10.0", "0000:01:10.2", "0000:01:10.4"]

# The card's driver must be up when its VFs say hello; a VF finds its peer when both drivers are.
LISTENER = """
ip addr add 10.1.0.1/24 dev eth0; ip link set eth0 up
basename $(readlink /sys/class/net/eth0/device/driver)
cat /sys/bus/pci/devices/0000:00:01.0/uevent
nc -l -p 7 | sha256sum
"""
SENDER = """
d=0000:00:01.0; P=/sys/bus/pci/drivers/igbvf; n=0
while [ $n -lt COUNT ]; do echo $d >$P/unbind && echo $d >$P/bind || break; n=$((n+1)); done
echo bound $n
D=/sys/bus/pci/devices/$d
echo $d >$P/unbind; echo 1 >$D/reset && echo reset; echo $d >$P/bind
echo 1 >$D/remove; [ -e $D ] && echo stayed; echo 1 >/sys/bus/pci/rescan
[ -e $D/driver ] && echo back
ip addr add 10.1.0.2/24 dev eth0; ip link set eth0 up
i=0
until ping -q -c 1 -W 1 10.1.0.1 >/dev/null; do i=$((i+1)); [ $i -lt 450 ] || exit 20; done
ping -q -c 5 10.1.0.1 || exit 21
dd if=/dev/urandom of=/tmp/f bs=1M count=2 2>/dev/null; sha256sum </tmp/f
nc 10.1.0.1 7 </tmp/f
"""
DISK = """
cat /sys/class/nvme/nvme0/serial
sha256sum </dev/nvme0n1
dd if=/dev/zero of=/dev/nvme0n1 bs=64k count=1 conv=fsync 2>/dev/null
"""

VIEW = r"""
ip link set eth0 up
wait_for grep -q 1 /sys/class/net/eth0/carrier
try enable sh -c 'echo 3 >/sys/bus/pci/devices/0000:01:00.0/sriov_numvfs'
section bus; lspci -Dn -s 01:
section vf; lspci -D -vv -s 01:10.2
section pf; lspci -D -vv -s 01:00.0 | sed -n '/Single Root/,/VF Migration/p'
section end
"""

LEND = VIEW + r"""
cd /etc/viaduct
section enabled; via pci-list -a --json
section doctor; via pci-doctor --json 01:10.0 01:00.0
section text; via pci-list -a; via pci-doctor 01:10.0
try pf-add via pci-assignable-add 01:00.0
try add sh -c 'via pci-assignable-add 01:10.0 && via pci-assignable-add 01:10.2'
section assignable; via pci-assignable-list --json
section rest; via create listen.cfg; via create send.cfg
section send; console send 200
section listen; console listen 30
section lent; via pci-list -a --json

# The owner takes its functions away, by all it has. Control of SR-IOV is at 0x168.
section held
setpci -s 01:00.0 168.w=18; setpci -s 01:00.0 168.w
setpci -s 01:00.0 170.w=1; setpci -s 01:00.0 170.w
setpci -s 01:00.0 CAP_PM+4.w=3; setpci -s 01:00.0 CAP_PM+4.w
setpci -s 01:00.0 CAP_EXP+8.w=8000; setpci -s 01:00.0 168.w
section rest; via destroy send
try disable-lent sh -c 'echo 0 >/sys/bus/pci/devices/0000:01:00.0/sriov_numvfs'
section disable-lent-list; via pci-list -a --json
section rest; via destroy listen
# Linux took them for gone: it finds them again, and this time they go.
try again sh -c 'echo 3 >/sys/bus/pci/devices/0000:01:00.0/sriov_numvfs'
try disable sh -c 'echo 0 >/sys/bus/pci/devices/0000:01:00.0/sriov_numvfs'
section disabled; via pci-list -a --json
try more sh -c 'echo 5 >/sys/bus/pci/devices/0000:01:00.0/sriov_numvfs'
section more-list; via pci-list -a --json
# A reset of the card takes them along, and Linux brings them back.
try reset sh -c 'echo 1 >/sys/bus/pci/devices/0000:01:00.0/reset'
section reset-list; via pci-list -a --json

try nvme-enable sh -c 'echo 2 >/sys/bus/pci/devices/0000:02:00.0/sriov_numvfs'
section nvme-online
nvme virt-mgmt /dev/nvme0 -c 1 -r 1 -n 1 -a 8
nvme virt-mgmt /dev/nvme0 -c 1 -r 0 -n 2 -a 8
nvme virt-mgmt /dev/nvme0 -c 1 -a 9
section nvme-add; via pci-assignable-add 02:00.1 && via create disk.cfg
section disk; console disk 150
via destroy disk
section nvme-sum; dd if=/dev/nvme0n1 iflag=direct bs=1M 2>/dev/null | sha256sum
try nvme-disable sh -c 'echo 0 >/sys/bus/pci/devices/0000:02:00.0/sriov_numvfs'
section nvme-list; via pci-list -a --json
section log; via dmesg
"""


def options(machine):
    disk = machine.raw_image("shared.img", 4, seed=41)
    return disk, [
        *root_port(1), "--device", "igb,netdev=net1,bus=rp1",
        "--qemu", "-netdev user,id=net1,restrict=on -machine highmem-mmio=off",
        *root_port(2), "--device", "nvme-subsys,id=subsys",
        "--drive", f"if=none,format=raw,file={disk},id=shared",
        "--device", "nvme,serial=shared,subsys=subsys,bus=rp2,sriov_max_vfs=4,"
        "sriov_vq_flexible=8,sriov_vi_flexible=4,max_ioqpairs=10,msix_qsize=6",
        "--device", "nvme-ns,drive=shared,shared=on",
        "--overlay", TOP / "build/overlay/guest-full"]


@pytest.fixture(scope="module")
def bare(module_machine):
    _, out = scenario.run(module_machine, VIEW, "--bare", *options(module_machine)[1])
    return out


@pytest.fixture(scope="module")
def lend(module_machine, soak):
    disk, common = options(module_machine)
    count = 100 if soak else 20
    full = {"kernel": "/boot/Image-full", "ramdisk": "/boot/initramfs-full", "memory": 512}
    before = hashlib.sha256(disk.read_bytes()).hexdigest()
    _, out = scenario.run(
        module_machine, LEND, *common, *scenario.overlay(module_machine, {
            "listen.cfg": guest("listen", LISTENER, pci=["01:10.0"], **full),
            "send.cfg": guest("send", SENDER.replace("COUNT", str(count)), pci=["01:10.2"], **full),
            "disk.cfg": guest("disk", DISK, pci=["02:00.1"])}), timeout=600)
    return {**out, "count": count}, before, hashlib.sha256(disk.read_bytes()).hexdigest()


def functions(text):
    return {entry["bdf"]: entry for entry in via_json.read("pci-list", text)}


def vfs(text, pf):
    return [bdf for bdf, entry in functions(text).items() if entry.get("pf") == pf]


def same_on_bare_metal(text):
    """Without what bare metal has no say in: addresses, what an IOMMU or a driver adds, and which
    errors are reported, which the hypervisor sees to."""
    text = re.sub(r"Memory at \w+", "Memory at", text)
    text = re.sub(r"DevCtl:.*", "DevCtl:", text)
    return [line for line in text.splitlines()
            if not re.match(r"\t(Control|IOMMU|Kernel|Interrupt)", line)]


def test_linux_finds_them_as_on_bare_metal(lend, bare):
    out, _, _ = lend
    assert result(out["enable"]) == result(bare["enable"]) == (0, "")
    assert out["bus"] == bare["bus"]
    assert len(out["bus"].splitlines()) == 4
    assert same_on_bare_metal(out["vf"]) == same_on_bare_metal(bare["vf"])
    assert same_on_bare_metal(out["pf"]) == same_on_bare_metal(bare["pf"])


def test_each_is_a_function_of_its_own(lend):
    out, _, _ = lend
    found = functions(out["enabled"])
    assert vfs(out["enabled"], IGB) == IGB_VFS
    assert (found[IGB]["vfs"], found[IGB]["vfs_max"]) == (3, 8)
    assert all(found[bdf]["id"] == "8086:10ca" and found[bdf]["state"] == "owned"
               for bdf in IGB_VFS)
    groups = [found[bdf]["group"] for bdf in found]
    assert len(set(groups)) == len(groups)
    assert f"VF of {IGB}" in out["text"] and "PF, 3 of 8 VFs" in out["text"]
    assert f"virtual    of {IGB}" in out["text"]
    assignable = via_json.read("pci-assignable-list", out["assignable"])
    assert [entry["pf"] for entry in assignable] == [IGB, IGB]


def test_doctor_and_list_know_them(lend):
    out, _, _ = lend
    vf, pf = via_json.read("pci-doctor", out["doctor"])
    assert vf["lendable"] and vf["pf"] == IGB and vf["reset"] == ["FLR"]
    assert not pf["lendable"]
    assert [reason["code"] for reason in pf["reasons"]] == ["vfs"]
    status, text = result(out["pf-add"])
    assert status == 1 and text.endswith(f"{IGB}: its 3 virtual functions are enabled\n")


def test_two_guests_talk_through_them(lend):
    """After the driver of one came and went, and the function was reset, removed and found again."""
    out, _, _ = lend
    assert result(out["add"])[0] == 0
    assert "guest: exit 0" in out["send"] and "guest: exit 0" in out["listen"]
    assert f"bound {out['count']}\nreset\nback\n" in out["send"]
    assert "5 packets received, 0% packet loss" in out["send"]
    sent = re.search(r"([0-9a-f]{64})  -", out["send"])[1]
    assert sent in out["listen"]
    assert "\nigbvf\n" in "\n" + out["listen"]
    assert "PCI_ID=8086:10CA" in out["listen"]
    lent = functions(out["lent"])
    assert [lent[bdf]["state"] for bdf in IGB_VFS] == ["lent", "lent", "owned"]
    assert lent[IGB_VFS[1]]["interrupts"] > 0


def test_owner_cannot_pull_the_card_away(lend):
    """VF Enable, NumVFs, D3hot, FLR: dropped, read back unchanged, and the log says why."""
    out, _, _ = lend
    assert out["held"].split() == ["0019", "0003", "0000", "0019"]
    for why in ("VF Enable cannot be cleared, a virtual function is lent: dropped",
                "no D3hot while its virtual functions are enabled: dropped",
                "no reset, a virtual function is lent: dropped"):
        assert f"{IGB}: {why}" in out["log"]
    assert vfs(out["disable-lent-list"], IGB) == IGB_VFS
    assert functions(out["disable-lent-list"])[IGB_VFS[0]]["state"] == "lent"


def test_they_go_when_nobody_has_them(lend):
    out, _, _ = lend
    assert result(out["again"])[0] == 0
    assert result(out["disable"])[0] == 0
    assert vfs(out["disabled"], IGB) == []
    assert functions(out["disabled"])[IGB]["vfs"] == 0
    assert result(out["more"])[0] == 0
    assert len(vfs(out["more-list"], IGB)) == 5


def test_a_reset_of_the_card_brings_them_back(lend):
    out, _, _ = lend
    assert result(out["reset"])[0] == 0
    assert len(vfs(out["reset-list"], IGB)) == 5
    assert functions(out["reset-list"])[IGB]["resets"] == 1


def test_guest_uses_a_disk_through_one(lend):
    out, before, after = lend
    assert result(out["nvme-enable"])[0] == 0
    assert "shared" in out["disk"] and before in out["disk"]
    assert "guest: exit 0" in out["disk"]
    assert before != after and after in out["nvme-sum"]
    assert result(out["nvme-disable"])[0] == 0
    assert vfs(out["nvme-list"], NVME) == []
