import { StatusError } from '../status.ts';

const NAMING_RULES = 'https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names';

export function invalidArgument(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}

export function failedPrecondition(message: string): StatusError {
  return new StatusError('FAILED_PRECONDITION', message);
}

export function notFound(name: string): StatusError {
  return new StatusError('NOT_FOUND', `Resource not found (resource=${shortName(name)}).`);
}

export function alreadyExists(name: string): StatusError {
  return new StatusError(
    'ALREADY_EXISTS',
    `Resource already exists in the project (resource=${shortName(name)}).`,
  );
}

export function unimplemented(feature: string): StatusError {
  return new StatusError('UNIMPLEMENTED', `${feature} is not implemented by the local Pub/Sub.`);
}

export function tooLarge(value: string, passed: number, maximum: number): StatusError {
  return invalidArgument(
    `The value for ${value} is too large. You passed ${passed} in the request, but the maximum value is ${maximum}.`,
  );
}

/**
 * Checks a resource name by Google's rules.
 *
 * @throws INVALID_ARGUMENT, naming the resource and where the rules are
 */
export function checkName(collection: 'topics' | 'subscriptions' | 'snapshots', name: string): void {
  const [, found, id] = /^projects\/[^/]+\/([a-z]+)\/([^/]+)$/.exec(name) ?? [];
  const legal = found === collection && /^(?!goog)[A-Za-z][\w.~+%-]{2,254}$/.test(id);
  if (!legal) {
    throw invalidArgument(
      `Invalid resource name given (name=${name}). Refer to ${NAMING_RULES} for more information.`,
    );
  }
}

/** One id that an Acknowledge or ModifyAckDeadline on an exactly-once subscription could not honour. */
export const INVALID_ACK_ID = 'PERMANENT_FAILURE_INVALID_ACK_ID';

/** What an exactly-once subscription answers when some acknowledgment ids had expired; the others were honoured. */
export class AckIdsExpired extends StatusError {
  constructor(ackIds: string[]) {
    super(
      'FAILED_PRECONDITION',
      'Some acknowledgement ids in the request were invalid. This could be because the acknowledgement ids have expired or the acknowledgement ids were malformed.',
      {
        errorInfo: {
          reason: 'EXACTLY_ONCE_ACKID_FAILURE',
          domain: 'pubsub.googleapis.com',
          metadata: Object.fromEntries(ackIds.map((ackId) => [ackId, INVALID_ACK_ID])),
        },
      },
    );
  }
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
