# The authorization model of the help desk: core.fga, and a module of each agent that decides about what is its own.
# `helpdesk fga model` writes it to a store; docs/explanation/authorization.md says what it means. The FGA CLI takes no path
# that leads out of this folder, so that the agents' modules are links to authorization.fga in their own folders.
schema: '1.2'
contents:
  - core.fga
  - account_lookup.fga
  - password_reset.fga
  - docs_search.fga
