import { type InterceptRequest, textResponse } from '../run/types.ts';
import type { FaultInjector } from './injector.ts';
import type { FaultyProcesses } from './processes.ts';

/** Has the plan's faults happen to the instances of functions while they handle requests. */
export function interceptRequests(faults: FaultInjector, processes: FaultyProcesses): InterceptRequest {
  return async (id, request, forward) => {
    const occasion = {
      who: processes.nameOf(id),
      what: `${request.method} ${request.path}`,
      text: () => request.body.toString('utf8'),
    };
    const { effect } = faults.decide('request', occasion) ?? {};
    if (!effect) return forward();
    const answer = effect.kill === 'before' ? undefined : await forward();
    processes.signal(id, 'SIGKILL');
    if (answer && effect.kill === 'answered') return answer;
    return {
      ...textResponse(503, 'The request failed because the instance was killed.'),
      connectionBroke: true,
    };
  };
}
