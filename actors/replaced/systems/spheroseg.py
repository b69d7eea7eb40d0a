"""SpheroSeg: its people and projects; images have no place yet. No I/O."""

from actors.replaced import System
from actors.replaced.people import read_person
from actors.replaced.projects import read_project

IMAGES = "images have no place yet"

SYSTEM = System(
    "spheroseg",
    "SpheroSeg",
    tables={"users": read_person, "projects": read_project},
    beside={"users": ("id",)},
    no_place={
        "images": IMAGES,
        "segmentation_results": IMAGES,
        "segmentation_tasks": IMAGES,
        "cells": IMAGES,
        "queue_jobs": "what was running there ended there",
        "queue_metrics": "of another service's days",
        "refresh_tokens": "secret: everybody logs in anew",
        "sessions": "secret: everybody logs in anew",
        "project_shares": "who shares a project is invited anew",
        "user_profiles": "profiles have no place yet",
    },
)
