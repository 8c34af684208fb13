import { z } from 'zod';
import { ContractViolation } from './contract.ts';
import type { Envelope } from './envelope.ts';
import { carriesCloudEvent, fromPubsubMessage } from './pubsub-binding.ts';

interface Pushed {
  /** The message as it was pushed, for where it has to be kept. */
  push: PushBody;
}

/** Where a delivery came from, as far as the platform tells. */
interface Arrival {
  /** Pub/Sub's message id, the scheduler's job name, or the Eventarc event id. */
  deliveryId: string;
  subscription?: string;
  /** Present when the subscription has a dead-letter policy. */
  deliveryAttempt?: number;
}

/** A request that a handler receives, decoded into what it means. */
export type Delivery =
  | (Arrival & Pushed & { kind: 'event'; event: Envelope })
  | (Arrival &
      Pushed & { kind: 'object'; bucket: string; object: string; generation: string; change: string })
  | (Arrival & { kind: 'dataflow-job'; job: string; state: string; labels: Record<string, string> })
  | (Arrival & { kind: 'alert'; incident: Incident })
  | (Arrival & { kind: 'tick'; scheduledFor?: string });

const PushBody = z.object({
  message: z.object({
    data: z.string().optional(),
    attributes: z.record(z.string(), z.string()).default({}),
    messageId: z.string(),
    publishTime: z.string().optional(),
    orderingKey: z.string().optional(),
  }),
  subscription: z.string(),
  deliveryAttempt: z.number().int().optional(),
});
export type PushBody = z.infer<typeof PushBody>;

const ObjectAttributes = z.object({
  eventType: z.string(),
  bucketId: z.string(),
  objectId: z.string(),
  objectGeneration: z.string(),
});

/** As much of a Cloud Monitoring notification (version 1.2) as tells what it is about; the rest may be absent. */
const Incident = z.object({
  incident_id: z.string().optional(),
  summary: z.string().optional(),
});
export type Incident = z.infer<typeof Incident>;
const AlertBody = z.object({ incident: Incident });

const DataflowPayload = z.object({
  payload: z.object({
    id: z.string(),
    currentState: z.union([z.string(), z.number()]),
    labels: z.record(z.string(), z.string()).default({}),
  }),
});

/** Reads the wrapped body of a Pub/Sub push. Used alone by `park`, which must keep even what cannot be decoded. */
export function parsePushBody(body: unknown): PushBody {
  const push = PushBody.safeParse(body);
  if (!push.success) throw new ContractViolation(`not a Pub/Sub push: ${z.prettifyError(push.error)}`);
  return push.data;
}

/**
 * Decodes what woke a handler: a Pub/Sub push with a CloudEvent or a Cloud Storage notification, an Eventarc
 * delivery of a Dataflow state change, or the scheduler's tick (an empty body).
 *
 * functions-framework could convert some of these, but drops `deliveryAttempt`, `orderingKey` and messages that
 * have attributes only, which is what storage notifications without a payload are.
 *
 * @throws ContractViolation when the request is none of these
 */
export function decodeDelivery(request: {
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
}): Delivery {
  const header = (name: string) => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  if (header('ce-type')?.startsWith('google.cloud.dataflow.job.')) {
    const { payload } = DataflowPayload.parse(request.body);
    return {
      kind: 'dataflow-job',
      deliveryId: header('ce-id') ?? payload.id,
      job: payload.id,
      state: String(payload.currentState),
      labels: payload.labels,
    };
  }
  const scheduler = header('x-cloudscheduler-jobname') ?? header('x-cloudscheduler');
  if (scheduler) {
    return {
      kind: 'tick',
      deliveryId: scheduler,
      scheduledFor: header('x-cloudscheduler-scheduletime'),
    };
  }
  return decodePush(parsePushBody(request.body));
}

function decodePush(push: PushBody): Delivery {
  const { message, subscription, deliveryAttempt } = push;
  const arrival: Arrival & Pushed = { deliveryId: message.messageId, subscription, deliveryAttempt, push };
  if (carriesCloudEvent(message.attributes)) {
    const data = Buffer.from(message.data ?? '', 'base64');
    return { ...arrival, kind: 'event', event: fromPubsubMessage({ data, attributes: message.attributes }) };
  }
  const object = ObjectAttributes.safeParse(message.attributes);
  if (object.success) {
    const { bucketId, objectId, objectGeneration, eventType } = object.data;
    return {
      ...arrival,
      kind: 'object',
      bucket: bucketId,
      object: objectId,
      generation: objectGeneration,
      change: eventType,
    };
  }
  const alert = AlertBody.safeParse(jsonOf(message.data));
  if (alert.success) return { ...arrival, kind: 'alert', incident: alert.data.incident };
  throw new ContractViolation(
    `message ${message.messageId} of ${subscription} is neither a CloudEvent (no ce-specversion attribute) nor a notification of Cloud Storage or Cloud Monitoring`,
  );
}

/** A message's body as JSON; `undefined` where it is something else. */
function jsonOf(data = ''): unknown {
  try {
    return JSON.parse(Buffer.from(data, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
}
