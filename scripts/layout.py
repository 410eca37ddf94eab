"""The symbols of a program of which callgrind has seen an instruction executed, in the order in which they lie.

    layout.py PROFILE PROGRAM
"""

import bisect
import re
import subprocess
import sys


def executed(profile: str, program: str) -> list[int]:
    """The addresses that were executed. Callgrind names an object once, where something in it is called or executed, and by a number
    from then on, and an address by its distance from the one before (https://valgrind.org/docs/manual/cl-format.html)."""
    names, current, address, found = {}, "", 0, set()
    for line in open(profile, encoding="utf-8"):
        if named := re.fullmatch(r"(c?)ob=\((\d+)\)(?: (.*))?", line.strip()):
            is_called, number, name = named.groups()
            names.setdefault(number, name)
            current = current if is_called else names[number]
        elif re.match(r"[+*-]|0x", line):
            word = line.split()[0]
            if word.startswith("0x"):
                address = int(word, 16)
            elif word[0] != "*":
                address += int(word, 0)
            if current == program:
                found.add(address)
    return sorted(found)


def symbols(program: str) -> list[tuple[int, int, str]]:
    """The functions of a program: address, size and name."""
    listed = subprocess.run(["nm", "-S", "-n", "--defined-only", program], capture_output=True, text=True, check=True)
    rows = (line.split() for line in listed.stdout.splitlines())
    return [(int(row[0], 16), int(row[1], 16), row[3]) for row in rows if len(row) == 4 and row[2] in "tTwW"]


def main() -> None:
    profile, program = sys.argv[1:]
    addresses = executed(profile, program)
    for start, size, name in symbols(program):
        next_one = bisect.bisect_left(addresses, start)
        if next_one < len(addresses) and addresses[next_one] < start + size:
            print(name)


main()
