"""What is told to the outside: events to programs by webhooks, alerts to people by mail and pager.

    a job ends, a notice is made ──▶ outbox ──▶ webhook_deliveries ──▶ the job `notify` sends each
                                       ▲        in the transaction of what is told
    an alert opens, closes ──▶ the actor `notifier`: alerts/telling.py decides what to say, once an episode
                                       └──▶ alert_sends ──▶ mail, pager; not by the queue, which may be what is wrong

Whatever is to be told is a row before it is sent, with an id that stays the same in every attempt: an answer that was
lost makes it come twice, and the receiver can tell. What fails is tried again ever later (breaker.py).
"""
