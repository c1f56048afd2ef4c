"""`helpdesk docs`: what can be said there."""

import sys
from datetime import datetime
from pathlib import Path

import click

from portal._errors import ExitCode
from portal.command._options import Options
from portal.command._surface import common, quiet


@click.group()
@common()
def docs() -> None:
    """Keep the knowledge base: index a folder, ask the index, read an article.

    Works on this machine's files, without any agent and for nobody in particular: whoever can read
    the index can read all of it.

    \b
    Examples:
      helpdesk docs index
      helpdesk docs search "How do I connect to the VPN?"
      helpdesk docs show vpn-setup
    """


_index_file = click.option(
    "--index",
    "index_file",
    type=click.Path(path_type=Path),
    envvar="KNOWLEDGE_INDEX",
    metavar="FILE",
    help="The index.  [default: that of the help desk that runs here]",
)


_embeddings = click.option(
    "--embeddings",
    envvar="KNOWLEDGE_EMBEDDINGS",
    metavar="MODEL",
    help="The embedding model of Amazon Bedrock that helps to order what is found.  [default: none]",
)


@docs.command("index")
@click.argument("folder", required=False, type=click.Path(path_type=Path), envvar="KNOWLEDGE_FOLDER")
@_index_file
@_embeddings
@common()
@click.pass_obj
def docs_index(options: Options, folder: Path | None, *, index_file: Path | None, embeddings: str | None) -> ExitCode:
    """Make the index of a folder, or bring it up to date.

    Reads Markdown, HTML, text and PDF; only what changed is read again. Names each file that
    cannot be read, with the reason, and exits with 1 if there is any: the others are in the index.
    Without FOLDER it takes KNOWLEDGE_FOLDER, or the articles that are shipped.

    \b
    Examples:
      helpdesk docs index
      helpdesk docs index ~/handbook --index handbook.sqlite3
    """
    from portal.command import _docs
    from portal.terminal import Output

    quiet(options)
    return _docs.index(Output(options.as_json), folder, index_file=index_file, embeddings=embeddings)


@docs.command("search")
@click.argument("question", nargs=-1)
@click.option("--audience", multiple=True, metavar="NAME", help="Only what is written for NAME; may be repeated.")
@click.option("--language", multiple=True, metavar="CODE", help="Only what is in this language, such as de.")
@click.option("--owner", multiple=True, metavar="NAME", help="Only what NAME keeps.")
@click.option("--tag", multiple=True, metavar="TAG", help="Only what has TAG; with several, all of them.")
@click.option("--updated-since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only what was updated since.")
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True, help="How many articles at most.")
@_index_file
@_embeddings
@common()
@click.pass_obj
def docs_search(
    options: Options,
    question: tuple[str, ...],
    *,
    audience: tuple[str, ...],
    language: tuple[str, ...],
    owner: tuple[str, ...],
    tag: tuple[str, ...],
    updated_since: datetime | None,
    limit: int,
    index_file: Path | None,
    embeddings: str | None,
) -> ExitCode:
    """Ask the index, and see what it would quote.

    Without a question it reads one from standard input.

    \b
    Examples:
      helpdesk docs search "How do I connect to the VPN?"
      helpdesk docs search --audience everyone --language de passwort
      helpdesk docs search --json printer | jq -r '.hits[].location'
    """
    from knowledge import Filters
    from portal.command import _docs
    from portal.terminal import Output

    text = " ".join(question) if question else sys.stdin.read()
    if not text.strip():
        raise click.UsageError('Say what you look for: helpdesk docs search "VPN on a Mac".')
    filters = Filters(
        audiences=frozenset(audience),
        languages=frozenset(code.lower() for code in language),
        tags=frozenset(tag),
        updated_since=updated_since.date() if updated_since else None,
        owners=frozenset(owner),
    )
    quiet(options)
    return _docs.search(
        Output(options.as_json), text, filters, limit=limit, index_file=index_file, embeddings=embeddings
    )


@docs.command("show")
@click.argument("article")
@_index_file
@common()
@click.pass_obj
def docs_show(options: Options, article: str, index_file: Path | None) -> ExitCode:
    """Read one article of the index.

    ARTICLE is its name, as a search shows it; what follows a # is left out.

    \b
    Examples:
      helpdesk docs show vpn-setup
    """
    from portal.command import _docs
    from portal.terminal import Output

    quiet(options)
    return _docs.show(Output(options.as_json), article.partition("#")[0], index_file=index_file)
