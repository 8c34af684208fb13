import { setTimeout as delay } from 'node:timers/promises';
import type { ApiCall, InterceptCall } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import type { FaultInjector } from './injector.ts';
import type { EffectAt } from './plan.ts';
import type { FaultyProcesses } from './processes.ts';

/** A call that was served. */
export interface ServedCall {
  /** The process, `<project>/<label>`. */
  who: string;
  method: string;
  /** The HTTP status; 200 for a gRPC call. */
  status: number;
  text(): string;
}

export interface CallObservers {
  faults: FaultInjector | undefined;
  onCall: ((call: ServedCall) => void) | undefined;
  processes: FaultyProcesses;
  /** The id of the process whose connection comes from a port of this machine. */
  processAt(port: number): string | undefined;
}

type Served = Awaited<ReturnType<InterceptCall>>;

/**
 * Has the plan's faults happen to the API calls of the local cloud's processes, and tells of those that were served.
 * A call of none of its processes is the operator's, a test's or a person's, and is left alone.
 */
export function interceptCalls({ faults, onCall, processes, processAt }: CallObservers): InterceptCall {
  return async (call) => {
    const id = call.port === undefined ? undefined : processAt(call.port);
    if (id === undefined) return () => 'pass';
    const { method, text } = call;
    const who = processes.nameOf(id);
    const { effect } = faults?.decide('call', { who, what: method, text }) ?? {};
    const served = effect ? await happen(effect, call, id, processes) : () => 'pass' as const;
    return (status) => {
      onCall?.({ who, method, status, text });
      return served(status);
    };
  };
}

/** What happens at once, and what is left for when the call was served. */
async function happen(
  effect: EffectAt<'call'>,
  { method }: ApiCall,
  id: string,
  processes: FaultyProcesses,
): Promise<Served> {
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
  if ('terminate' in effect) {
    const terminate = () => {
      processes.signal(id, 'SIGTERM');
      return 'pass' as const;
    };
    if (effect.terminate === 'after') return terminate;
    terminate();
    return () => 'pass';
  }
  const suspend = () => {
    processes.signal(id, 'SIGSTOP');
    setTimeout(() => processes.signal(id, 'SIGCONT'), effect.ms).unref();
    return 'pass' as const;
  };
  if (effect.suspend === 'after') return suspend;
  suspend();
  await delay(effect.ms);
  return () => 'pass';
}
