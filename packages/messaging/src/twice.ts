import type { Delivery } from './delivery.ts';

/**
 * For tests of idempotence: hands every delivery out twice, the second time as if it were a new one; by turns after the
 * first copy's last verdict and at the same time. The message is acknowledged when both copies are.
 */
export function takeTwice(take: (delivery: Delivery) => void): (delivery: Delivery) => void {
  let together = false;
  return (delivery) => {
    together = !together;
    let left = 2;
    const acknowledge = (): void => {
      left -= 1;
      if (left === 0) delivery.acknowledge();
    };
    const second = copyOf(delivery, { redelivered: false, acknowledge, park: async () => acknowledge() });
    const first = copyOf(delivery, {
      redelivered: delivery.message.redelivered,
      acknowledge() {
        acknowledge();
        if (!startsTogether) take(second);
      },
      // Parked for good: the second copy would only be parked again.
      park: (reason) => delivery.park(reason),
    });
    const startsTogether = together;
    take(first);
    if (startsTogether) take(second);
  };
}

function copyOf(
  delivery: Delivery,
  own: Pick<Delivery, 'acknowledge' | 'park'> & { readonly redelivered: boolean },
): Delivery {
  return {
    message: { ...delivery.message, redelivered: own.redelivered },
    takenAt: delivery.takenAt,
    throws: 0,
    alive: () => delivery.alive(),
    acknowledge: own.acknowledge,
    park: own.park,
    putBack: () => delivery.putBack(),
  };
}
