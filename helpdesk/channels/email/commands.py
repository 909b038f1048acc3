"""The commands of `helpdesk mail`."""

import click

from helpdesk.channels.email.parse_command import parse_files

mail = click.Group("mail", help="Take in mail and look into it.")
mail.add_command(parse_files)
