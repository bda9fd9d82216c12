#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write the symbol table of an ELF image as assembly: make-symbols.py NM [ELF] > symbols.S

Without ELF the table is empty: that is the first link. The table lies behind the code, so a second
link with the full table moves no function.
"""
import subprocess
import sys


def functions(nm, elf):
    out = subprocess.run([nm, '-n', '--defined-only', elf], check=True, capture_output=True,
                         text=True).stdout
    rows = [row for row in map(str.split, out.splitlines()) if len(row) == 3]
    base = next(int(r[0], 16) for r in rows if r[2] == 'image_start')
    seen = set()
    for address, kind, name in rows:
        offset = int(address, 16) - base
        if kind in 'tT' and not name.startswith('$') and offset not in seen:
            seen.add(offset)
            # Without what the linker's optimiser appends: .part.0, .lto_priv.0.
            yield offset, name.split('.')[0]


def main():
    table = list(functions(sys.argv[1], sys.argv[2])) if len(sys.argv) > 2 else []
    print('\t.section .symbols, "a"\n\t.balign 8')
    print('\t.global symbol_count, symbol_table, symbol_names')
    print(f'symbol_count:\n\t.long {len(table)}\nsymbol_table:')
    at = 0
    for offset, name in table:
        print(f'\t.long {offset}, {at}')
        at += len(name) + 1
    print('symbol_names:')
    for _, name in table:
        print(f'\t.asciz "{name}"')


main()
