import { z } from 'zod';
import { Approved, EvalPassed } from '../events/index.ts';
import { serveStage } from './runtime/serve.ts';
import { completed, defineStage, pending } from './runtime/stage.ts';
import { verifyEvaluation } from './runtime/verification.ts';

/** Takes a model that passed the gate into production, if its bytes are still those that were evaluated. */
export const approve = defineStage({
  name: 'approve',
  input: EvalPassed,
  state: z.object({}),

  async start(event) {
    await verifyEvaluation(event.data);
    return completed(Approved, event.data);
  },

  ready: async (outstanding) => outstanding,

  settle: async ({ state, resources }) => pending(resources, state),
});

export const handle = serveStage(approve);
