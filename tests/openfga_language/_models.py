"""Models that between them use the whole of the language."""

FOLDERS = """model
  schema 1.1

# People, and what they are in.
type user

type group
  relations
    define member: [user, user:*, group#member, user with in_hours]

type folder
  relations
    define owner: [user]
    define parent: [folder]
    define viewer: [user, group#member] or owner or viewer from parent # inherited

type document
  relations
    define banned: [user, group#member]
    define can_edit: (editor and viewer) but not banned
    define can_share: (([user] or owner) and (viewer from parent or editor)) but not (banned or banned from parent)
    define can_view: viewer but not banned
    define editor: [user with from_office, group#member with from_office]
    define owner: [user]
    define parent: [folder, document]
    define viewer: [user, user:*, group#member] or editor or viewer from parent

condition from_office(address: ipaddress, networks: list<string>) {
  networks.exists(network, address.in_cidr(network))
}

condition in_hours(now: timestamp, until: timestamp, spare: duration, limits: map<int>) {
  now < until + spare
  && limits["calls"] > 3
}
"""

ODD_NAMES = """model
  schema 1.2
type module
type type
  relations
    define relation: [module, type:*]
    define model: [extend#schema]
type extend
  relations
    define schema: [module]
type a/b.c-d
  relations
    define x-y_z: [a/b.c-d#x-y_z, module] or q.r
    define q.r: [module with $expression]
"""

NESTED = """model
  schema 1.1
type user
type t
  relations
    define a: [user]
    define b: ( [user] )
    define c: ((a or b) or (a and b)) and ((a))
    define d: ([user] but not a) but not b
    define p: [t]
"""
