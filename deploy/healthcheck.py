"""Whether the triald of this container lives: exits with 0 or 1. Asks by the name that is always ours."""

import http.client
import os
import sys

ANSWERS_WITHIN_S = 4.0
USUAL = "127.0.0.1:8080"  # the setting `listen` where nothing is given


def main() -> int:
    port = int((os.environ.get("TRIALD_LISTEN") or USUAL).rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWERS_WITHIN_S)
    try:
        connection.request("GET", "/live", headers={"Host": "localhost"})
        return 0 if connection.getresponse().status == 200 else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
