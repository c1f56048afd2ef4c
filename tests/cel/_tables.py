"""Expressions, and what comes of them: for our own evaluator and for cel-go, through the real OpenFGA server."""

from typing import Any

from shared.cel import (
    ANY,
    BOOL,
    DURATION,
    INT,
    IP_ADDRESS,
    STRING,
    TIMESTAMP,
    list_of,
    map_of,
    parse_duration,
    parse_ip_address,
    parse_timestamp,
)

VARIABLES = {
    "i": INT,
    "s": STRING,
    "b": BOOL,
    "l": list_of(INT),
    "m": map_of(STRING, INT),
    "d": DURATION,
    "t": TIMESTAMP,
    "ip": IP_ADDRESS,
    "x": ANY,
}
VALUES: dict[str, Any] = {
    "i": 5,
    "s": "abc",
    "b": True,
    "l": [1, 2, 3],
    "m": {"a": 1},
    "d": parse_duration("1h30m"),
    "t": parse_timestamp("2026-11-26T23:30:15.25Z"),
    "ip": parse_ip_address("192.168.1.7"),
    "x": {"n": 1.0, "l": [True, None, "z"]},
}


TRUE = [
    # operators bind as tightly as they should
    "1 + 2 * 3 == 7 && 7 - 2 - 1 == 4 && 7 / 2 == 3 && -7 / 2 == -3 && -7 % 3 == -1",
    "true || false && false",
    "!false && !!true && - -1 == 1",
    "i > 3 ? s == 'abc' : 1 / 0 == 1",
    "i < 3 ? false : i < 4 ? false : true",
    "2.5 * 2.0 == 5.0 && 1.0 / 0.0 > 1e300 && 7u / 2u == 3u && 0x1F == 31 && .5e1 == 5.0",
    "'a' + \"b\" == 'ab' && 'a' < 'b' && b'a' + b'\\x62' == b'ab' && false < true",
    "'''a\"'b''' == 'a\"\\'b' && r'\\n' == '\\\\n' && '\\u00e9\\101\\x42' == 'éAB'",
    "[1, 2] + [3] == l && l[1] == 2 && 2 in l && !(5 in l)",
    "m.a == 1 && m['a'] == 1 && 'a' in m && has(m.a) && !has(m.b) && {'k': [1]}.k[0] == 1",
    "{1: 'a', 2: 'b'}[1] == 'a' && {'a': 1, 'b': 2} == {'b': 2, 'a': 1}",
    # numbers of several types are equal by value where the types are not known before
    "dyn(1) == 1.0 && dyn(1u) == 1 && x.n == 1 && dyn(1) < 1.5 && dyn(1u) in l && dyn('1') != 1",
    "x.l[0] && x.l[1] == null && x.l[2] == 'z' && size(x.l) == 3 && dyn(true) != 1",
    # macros
    "l.all(e, e > 0) && l.exists(e, e == 2) && l.exists_one(e, e > 2) && !l.exists_one(e, e > 1)",
    "l.map(e, e * 2) == [2, 4, 6]",
    "l.filter(e, e > 1) == [2, 3] && [1].map(e, e > 1, e * 2) == []",
    "{s: 1, 'abc': 2} == {'abc': 2}",
    "m.all(k, m[k] == 1) && l.exists(e, l.all(f, e <= f)) && l.exists(i, i == 3)",
    # an error on one side does not matter where the other one decides
    "1 / 0 == 1 || true",
    "true || 1 / 0 == 1",
    "!(1 / 0 == 1 && false)",
    "[0, 1].exists(e, 1 / e == 1) && ![0, 1].all(e, 1 / e == 2)",
    # strings
    "s.startsWith('a') && s.endsWith('c') && s.contains('b') && s.size() == 3 && size('é€') == 2",
    "s.matches('^a.c$') && matches('xabcx', 'b+') && !s.matches('^b')",
    # conversions
    "int('-3') == -3 && int(3.9) == 3 && int(4u) == 4 && uint(3) == 3u && double('1.5') == 1.5 && double(2) == 2.0",
    "string(1) == '1' && string(2u) == '2' && string(1.5) == '1.5' && string(true) == 'true' && bool('true')",
    "string(b'abc') == s && bytes(s) == b'abc' && type(1) == int && type([]) == list && type(type(1)) == type",
    "int(timestamp('1970-01-01T00:01:00Z')) == 60 && timestamp(60) == timestamp('1970-01-01T00:01:00Z')",
    # time
    "t < timestamp('2026-11-27T00:00:00Z') && t + duration('30m') > timestamp('2026-11-27T00:00:00Z')",
    "t - t == duration('0s') && t - duration('1s') < t && d + d == duration('3h') && d > duration('89m59.9s')",
    "timestamp('2026-11-27T00:30:15.25+01:00') == t && string(t) == '2026-11-26T23:30:15.25Z'",
    "t.getFullYear() == 2026 && t.getMonth() == 10 && t.getDate() == 26 && t.getDayOfMonth() == 25",
    "t.getDayOfWeek() == 4 && t.getDayOfYear() == 329 && t.getHours() == 23 && t.getMilliseconds() == 250",
    "t.getDate('Europe/Berlin') == 27 && t.getHours('-01:30') == 22 && d.getMinutes() == 90 && d.getHours() == 1",
    "string(duration('-1.5s')) == '-1.5s' && duration('1h1m1s1ms1us1ns').getSeconds() == 3661",
    # OpenFGA's own
    "ip.in_cidr('192.168.0.0/16') && !ip.in_cidr('10.0.0.0/8') && ip == ipaddress('192.168.1.7')",
    "ipaddress('::ffff:10.0.0.1').in_cidr('10.0.0.0/8') && ip.in_cidr('::ffff:192.168.0.0/112')",
    "!ipaddress('2001:db8::1').in_cidr('10.0.0.0/8')",
    # comments and lines
    "i == 5 // five\n && true",
]

REFUSED = [
    ("y", "ERROR: <input>:1:1: undeclared reference to 'y' (in container '')\n | y\n | ^"),
    ("b &&\n  i < s", "ERROR: <input>:2:5: found no matching overload for '_<_' applied to '(int, string)'"),
    ("1 == 1.0", "'_==_' applied to '(int, double)'"),
    ("1 + 1u", "'_+_' applied to '(int, uint)'"),
    ("i ? 1 : 2", "'_?_:_' applied to '(int, int, int)'"),
    ("b ? 1 : 's'", "'_?_:_' applied to '(bool, int, string)'"),
    ("s.startsWith(1)", "'startsWith' applied to 'string.(int)'"),
    ("nothing(1)", "undeclared reference to 'nothing'"),
    ("s.x", "type 'string' does not support field selection"),
    ("i.all(e, e)", "cannot be range of a comprehension"),
    ("l.all(e, e)", "expected type 'bool' but found 'int'"),
    ("l.all(e + 1, true)", "argument must be a simple name"),
    ("has(m)", "invalid argument to has() macro"),
    ("has(m['a'])", "invalid argument to has() macro"),
    ("'a' in l", "'@in' applied to '(string, list(int))'"),
    ("m[1]", "'_[_]' applied to '(map(string, int), int)'"),
    ("1 +", "Syntax error: mismatched input '<EOF>'"),
    ("(1", "Syntax error"),
    ("1 2", "Syntax error: mismatched input '2'"),
    ("a @ b", "token recognition error at: '@'"),
    ("'abc", "token recognition error"),
    ("'\\q'", "unable to unescape string"),
    ("9223372036854775808", "invalid int literal"),
    ("if", "reserved identifier: if"),
    ("(" * 150 + "1" + ")" * 150, "recursion limit exceeded"),
    ("1" + " + 1" * 5000 + " == 1", "recursion limit exceeded"),
]

UNCONVERTIBLE = [
    ("s.matches('(')", "error parsing regexp"),
    ("timestamp('noon') < t", 'invalid RFC 3339 timestamp "noon"'),
    ("duration('1x') < d", "type conversion error from 'string' to 'google.protobuf.Duration'"),
    ("int('1.5') == 1", "type conversion error from 'string' to 'int'"),
]

WITHOUT_VALUE = [
    ("s.matches(s + '(')", "error parsing regexp"),
    ("i / (i - 5) == 1", "division by zero"),
    ("i % (i - 5) == 1", "modulus by zero"),
    ("i + 9223372036854775807 == 1", "integer overflow"),
    ("uint(i - 6) == 1u", "unsigned integer overflow"),
    ("l[i] == 1", "index out of bounds: 5"),
    ("m['z'] == 1", "no such key: z"),
    ("m.z == 1", "no such key: z"),
    ("x.n.y == 1", "no such key: y"),
    ("x + 1 == 2", "no such overload: _+_"),
    ("x.n && true", "no such overload"),
    ("timestamp(s) < t", 'invalid RFC 3339 timestamp "abc"'),
    ("int(s) == 1", "type conversion error from 'string' to 'int'"),
    ("ip.in_cidr(s)", "'abc' is a malformed CIDR string"),
    ("ipaddress(s) == ip", "unable to parse IP"),
    ("t.getHours('Nowhere/Land') == 1", "unknown time zone"),
    ("timestamp(253402300799 - i) + duration('6s') > t", "timestamp overflow"),
    ("l.exists(e, l[e + 5] == 1)", "index out of bounds"),
]
