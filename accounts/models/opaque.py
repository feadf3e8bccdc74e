"""The key that every row has whose address may be seen."""

import uuid
from typing import Any

from django.db import models


class OpaqueModel(models.Model):
    """A model whose key may stand in a URL: it says nothing and cannot be guessed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    _history_user: Any  # set before save where no request names the person; django-simple-history reads it

    class Meta:
        abstract = True
