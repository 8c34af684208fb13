import { setTimeout as delay } from 'node:timers/promises';
import type { InterceptCall } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import type { FaultInjector } from './injector.ts';
import type { FaultyProcesses } from './processes.ts';

const passOn = () => 'pass' as const;

/** Has the plan's faults happen to the API calls of the local cloud's processes. */
export function interceptCalls(
  faults: FaultInjector,
  processes: FaultyProcesses,
  processAt: (port: number) => string | undefined,
): InterceptCall {
  return async ({ method, port, text }) => {
    const id = port === undefined ? undefined : processAt(port);
    // A call of nobody's process is the operator's: a test, a person.
    if (id === undefined) return passOn;
    const { effect } = faults.decide('call', { who: processes.nameOf(id), what: method, text }) ?? {};
    if (!effect) return passOn;
    if ('refuse' in effect) throw new StatusError(effect.refuse, `A fault was injected into ${method}.`);
    if ('lose' in effect) return () => 'lose';
    if ('kill' in effect) {
      const kill = () => {
        processes.signal(id, 'SIGKILL');
        return 'lose' as const;
      };
      if (effect.kill === 'after') return kill;
      kill();
      throw new StatusError('UNAVAILABLE', `The caller of ${method} was killed.`);
    }
    const suspend = () => {
      processes.signal(id, 'SIGSTOP');
      setTimeout(() => processes.signal(id, 'SIGCONT'), effect.ms).unref();
    };
    if (effect.suspend === 'after') {
      return () => {
        suspend();
        return 'pass';
      };
    }
    suspend();
    await delay(effect.ms);
    return passOn;
  };
}
