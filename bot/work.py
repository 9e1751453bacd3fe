"""A worker: claims jobs and deliveries, one after the other, until nothing is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.deliver import Courier
from bot.errors import StoreBusy
from bot.handle import Handler
from bot.ports import Desk

JOB_LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Worker:
    """Jobs and deliveries of one process. It may be killed at any moment."""

    desk: Desk
    handler: Handler
    courier: Courier
    lease: timedelta = JOB_LEASE

    def turn(self) -> bool:
        """Do one job and send what is due; False where there was nothing to do. A database that is held by another
        is no error: the next turn tries again."""
        try:
            with self.desk.look() as view:
                if not view.queues.waiting():
                    return False
            sent = self.courier.carry()
            with self.desk.step("job.claim") as step:
                job = step.queues.claim_job(self.lease)
            if job is not None:
                self.handler.work(job)
        except StoreBusy:
            return False
        return sent or job is not None
