"""Calls one function of solution.py: arguments (a JSON array) from standard input, the result as JSON to descriptor 3.

Runs in the sandbox beside the solution, which may do to it whatever it likes: nothing here knows what the result should be.
"""
import json
import os
import sys

RESULT = 3


def call(path, arguments):
    import solution

    names = path.split(".")
    target = getattr(solution, names[0])
    if len(names) > 1:
        target = getattr(target(), names[1])
    return target(*arguments)


def main():
    encode, write, leave = json.dumps, os.write, os._exit
    arguments = json.loads(sys.stdin.buffer.read())
    sys.stdin = open(os.devnull)
    record = encode(call(sys.argv[1], arguments), allow_nan=False).encode()
    sys.stdout.flush()
    while record:
        record = record[write(RESULT, record):]
    leave(0)


main()
