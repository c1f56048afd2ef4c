"""The documents behind the gateway: the search tool, the request interceptor, and the schema of the tools.

The two functions stand alone: they import the standard library, `knowledge` and nothing else of ours, and this file
imports neither, so that each package holds what its function needs. The stand-in gateway runs these very modules.
"""
