"""Events sent to programs of those who asked for them: signed, tried again, and given up at last.

What is sent follows the Standard Webhooks specification 1.0 (standardwebhooks.com): three headers, of which the
signature is an HMAC-SHA256 over `id.timestamp.body`. A receiver may get one event twice, with the same id, when its
answer was lost.
"""
