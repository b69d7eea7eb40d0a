"""What became of backups; the sets themselves go by backup_days, with each new one."""

from actors.backup import store as backup
from actors.retention import Aged, Kept

KEPT = Kept("backup", aged=(Aged("backup_runs", "backup_runs", "events_days", backup.trim),))
