# SPDX-License-Identifier: BSD-2-Clause
"""The physical console: who gets the keys, via top on it, and what a crash of the hypervisor itself looks like."""

ESCAPE = "\x0f\x0f\x0f"


def test_hypervisor_keys_and_crash_report(machine):
    session = machine.interactive()
    session.send(ESCAPE)
    session.expect("input goes to the hypervisor")
    session.send("d")
    session.expect(r"d0 Domain-0: running, 2 vCPUs, \d+ MiB")
    session.send(ESCAPE)
    session.expect("input goes to d0 Domain-0")
    status, output = session.command("echo still $((40 + 2))")
    assert status == 0 and "still 42" in output
    # On the whole screen, and not after it.
    session.send("via top -d 1\n")
    session.expect("Domain-0")
    session.send("v")
    session.expect("vCPU 1")
    session.send("q")
    session.expect(session.PROMPT)
    status, output = session.command("echo again $((40 + 3))")
    assert status == 0 and "again 43" in output
    session.send(ESCAPE)
    session.expect("input goes to the hypervisor")
    session.send("C")
    session.expect(r"Viaduct panic on CPU \d")
    session.expect("asked for at the console")
    # Innermost function first, with its name; then what interrupted the guest.
    session.expect(r"0x[0-9a-f]+ key_crash\+0x[0-9a-f]+")
    session.expect(r"0x[0-9a-f]+ irq_dispatch\+0x[0-9a-f]+")
    session.expect(r"was running vCPU \d of domain 0|d0\.0 state")
    session.expect("The machine is stopped")
