# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""public_api.py HEADER: prints a header as Doxygen is to read it, each line where it was.

- The inline namespace of the version is left out, as users leave it out, and so is what is not theirs: `namespace detail`,
  specialisations of other libraries' templates, private and deleted members, friends of the library's own.
- A comment that stands alone, or above the namespace, is said of the header.
- Each member of the client has an example in examples/operations.cpp, between marks with its name; a second one of the same
  name has it at NAME_2.
- A setter's comment holds for its getter, directly below it, too: that one gets GETTER. What the language makes (a
  comparison, a default constructor) needs no comment in the header either.
"""

import collections
import pathlib
import re
import sys

# What of the public names is written down in no header that users include.
ELSEWHERE = {"practicus/mock/region.hpp": "practicus/mock/server.hpp"}

# These hold base classes of public ones in `namespace detail`; the Doxyfile names what else stands there.
BASES = ("mock/fault.hpp", "mock/expectation.hpp")

# Public only for the base classes.
INTERNAL = re.compile(r"    (void change_plan\(|expected\(|detail::answer_plan const& plan\(\))")

GETTER = '<span class="getter">The value that is set, or the default</span>.'
COMPARISON = "Compares the values."
DEFAULT = "All at its default."

SCOPE = re.compile(r"\s*(class|struct|enum|requires)\b")
NAME = re.compile(r"(operator[^\w\s]+|\w+)\(")


def declaration_above(lines, number):
    """The numbers of the lines above `number` that belong to the same declaration, its comment included."""
    above = number
    while not re.fullmatch(r"\s*|.*[;{}:]|\s*//(?!/).*", lines[above - 1]) or lines[above - 1].strip().startswith("///"):
        above -= 1
    return range(above, number)


def private_parts(lines, keep_details):
    """The numbers of the lines that are not shown: up to one of `last`, or before one of `behind`."""
    hidden, last, behind = set(), (), ()
    for number, line in enumerate(lines):
        if line in behind:
            behind = ()
        if not last and not behind:
            if re.match(r"namespace detail\b.* \{", line) and not keep_details:
                last = ("} // " + line.removesuffix(" {"),)
            elif line == "template <>" and re.match(r"struct (std|boost)::", lines[number + 1]):
                last = ("{};",)
            elif re.match(r"inline .*\bdetail::\w+\(", line):
                last = ("}",)
            elif line.endswith("= delete;"):
                hidden.update(declaration_above(lines, number))
                last = (line,)
            elif re.match(r"\s+friend (class .*|.*\bdetail::.*);", line):
                last = (line,)
            elif INTERNAL.match(line):
                last = (line,) if line.endswith("}") else ("    }", "    {}")
                hidden.update(declaration_above(lines, number))
            elif line.strip() == "private:":
                behind = tuple(line.replace("private:", end) for end in ("};", "public:", "protected:"))
        if last or behind:
            hidden.add(number)
        if line in last:
            last = ()
    return hidden


def made_by_the_language(declaration):
    if "operator==" in declaration or "operator<=>" in declaration:
        return COMPARISON
    if re.match(r"(explicit )?\w+\(\) (noexcept )?(= default;|\{\})", declaration):
        return DEFAULT
    return None


def documented(lines):
    """Gives getters below their setters, and what the language makes, the comment that the header leaves out."""
    above, commented, depth, ended = None, False, 0, True
    for number, line in enumerate(lines):
        text = line.strip()
        here = len(line) - len(line.lstrip())
        if text and here > depth and not ended:
            continue  # within a declaration
        if text.startswith("///"):
            above, commented, depth, ended = None, True, here, True
        elif not text or text.startswith(("//", "#", "public:", "private:", "protected:")):
            above, commented, ended = None, False, True
        elif text.startswith("{") and SCOPE.match(lines[number - 1]):
            above, commented, ended = None, False, True
        elif text.startswith(("}", "{", ":")):
            ended = text.startswith("}")
        else:
            found = NAME.search(text)
            name = found.group(1) if found else text
            if ended and not commented:
                said = made_by_the_language(text)
                if said is None and name == above and ") const" in text:
                    said = GETTER
                if said:
                    lines[number] = line[:here] + f"/** \\brief {said} */ {text}"
            above, commented, depth, ended = name, False, here, text.endswith((";", "}"))
    return lines


def headed(lines):
    """What is said of a whole header stands alone, or above its namespace."""
    for first in range(3, len(lines)):
        if not lines[first].startswith("//") or lines[first - 1]:
            continue
        end = next(number for number in range(first, len(lines)) if not lines[number].startswith("//"))
        if lines[end] and not lines[end].startswith("namespace practicus"):
            continue
        for number in range(first, end):
            lines[number] = "///" + lines[number].lstrip("/")
        lines[first - 1] = "/// \\file"
        break
    return lines


def included(lines, header):
    """Names the header that users include."""
    for number, line in enumerate(lines):
        if line.startswith(("class ", "struct ")) and lines[number - 1].startswith("///"):
            lines[number - 1] += f" \\headerfile {header.rsplit('/')[-1]} <{header}>"
    return lines


def with_examples(lines):
    """Ends the comment of each public member of the client with its example."""
    seen = collections.Counter()
    for number, line in enumerate(lines[1:], 1):
        declared = re.match(r"(?:    )?(?:[\w:<>&\[\]]+ )*(\w+)\(", line)
        comment = number - 1
        while re.match(r"(?:    )?(template <|requires |     )", lines[comment]):
            comment -= 1
        if declared and lines[comment].lstrip().startswith("/// "):
            name = declared.group(1)
            seen[name] += 1
            lines[comment] += f" \\sample{{{name}{f'_{seen[name]}' if seen[name] > 1 else ''}}}"
    return lines


def public_api(path):
    text = path.read_text(encoding="utf-8").replace("{ inline namespace v1 {", "{")
    lines = re.sub(r"^\}(\}+ // namespace practicus)::v1", r"\1", text, flags=re.MULTILINE).split("\n")
    hidden = private_parts(lines, path.as_posix().endswith(BASES))
    for inner, header in ELSEWHERE.items():
        if path.as_posix().endswith(inner):
            lines = included(lines, header)
    lines = ["" if number in hidden else line for number, line in enumerate(lines)]
    if path.as_posix().endswith(("practicus/client.hpp", "practicus/batch.hpp")):
        lines = with_examples(lines)
    return documented(headed(lines))


if __name__ == "__main__":
    print("\n".join(public_api(pathlib.Path(sys.argv[1]))), end="")
