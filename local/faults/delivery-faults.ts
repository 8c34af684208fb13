import { setTimeout as delay } from 'node:timers/promises';
import type { FaultInjector } from './injector.ts';

interface Answer {
  status: number;
}

/** A delivery to a URL, by whatever sender. */
export type Deliver<Request> = (url: string, request: Request) => Promise<Answer>;

/**
 * Has the plan's faults happen to a sender's deliveries. Whichever copy of a message is acknowledged acknowledges it,
 * as with Pub/Sub.
 *
 * @param functionAt the name of the function that a URL leads to
 */
export function interceptDeliveries<Request extends { body: string | Uint8Array }>(
  deliver: Deliver<Request>,
  sender: string,
  faults: FaultInjector,
  functionAt: (url: string) => string,
): Deliver<Request> {
  return async (url, request) => {
    const text = () => Buffer.from(request.body as Uint8Array).toString('utf8');
    const decision = faults.decide('delivery', { who: functionAt(url), what: sender, text });
    if (!decision) return deliver(url, request);
    const { effect, random } = decision;
    if ('drop' in effect) return { status: 204 };
    if ('answer' in effect) return { status: effect.answer };
    if ('delayMs' in effect) {
      await delay(effect.delayMs);
      return deliver(url, request);
    }
    const copies = Array.from({ length: effect.duplicate }, async () => {
      await delay(random.next() * effect.withinMs);
      return deliver(url, request);
    });
    const answers = await Promise.all([deliver(url, request), ...copies]);
    return answers.find(({ status }) => status < 300) ?? answers[0];
  };
}
