import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { declaredPolicy } from '../../local/declared-policy.ts';
import { mayDeadLetter } from '../../local/iam/agents.ts';
import type { Decision } from '../../local/iam/policy.ts';
import type { RecordedStack } from '../../local/program/recorded.ts';
import { PubSub } from '../../local/pubsub/broker.ts';
import { StackOutputs } from '../../local/stacks.ts';

/** The backoff of ten deliveries passes at once. */
const IMPATIENT = {
  now: () => Date.now(),
  after(_delayMs: number, action: () => void) {
    const timer = setImmediate(action);
    return () => clearImmediate(timer);
  },
};

/**
 * Fails every delivery of the program's subscriptions until the message is given up, and answers the
 * subscriptions whose dead-letter topic then got it.
 */
export async function deadLetterAll(
  stacks: RecordedStack[],
  onDecision: (decision: Decision) => void,
): Promise<string[]> {
  const stateDir = mkdtempSync(join(tmpdir(), 'baton-dead-letters-'));
  const outputs = new StackOutputs(stacks);
  const resources = stacks.flatMap((stack) => stack.resources);
  const policy = declaredPolicy(resources, outputs, { projectOfBucket: () => undefined, onDecision });
  const given: string[] = [];
  const refused = new Set<string>();
  const mayForward = mayDeadLetter(policy, (project) => outputs.projectNumber(project));
  const broker = new PubSub({
    stateDir,
    clock: IMPATIENT,
    transport: { identityToken: async () => '', post: async () => ({ status: 503 }) },
    mayDeadLetter: (subscription, topic) => {
      const may = mayForward(subscription, topic);
      if (!may) refused.add(subscription);
      return may && !refused.has(subscription);
    },
    onDelivery: ({ subscription, outcome }) => {
      if (outcome === 'dead-lettered') given.push(subscription);
    },
  });
  try {
    const ofType = (type: string) => resources.filter((resource) => resource.type === type);
    for (const { id, inputs } of ofType('gcp:pubsub/topic:Topic')) {
      const { project: _, ...topic } = inputs;
      broker.declareTopic({ ...topic, name: id });
    }
    const subscriptions = ofType('gcp:pubsub/subscription:Subscription').filter(
      ({ inputs }) => inputs.deadLetterPolicy,
    );
    for (const { id, inputs } of subscriptions) {
      const { project: _, ...subscription } = inputs;
      broker.declareSubscription({ ...subscription, name: id });
    }
    broker.start();
    const topics = new Set(subscriptions.map(({ inputs }) => String(inputs.topic)));
    for (const topic of topics) broker.publish(topic, [{ data: Buffer.from('nobody can handle this') }]);
    await vi.waitFor(() => expect(given.length + refused.size).toBe(subscriptions.length), {
      timeout: 120_000,
    });
    return given;
  } finally {
    broker.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
}
