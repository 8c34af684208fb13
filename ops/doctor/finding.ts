/** What the doctor looks at. */
export type Check =
  | 'access'
  | 'api'
  | 'service account'
  | 'service agent'
  | 'grant'
  | 'key'
  | 'function'
  | 'subscription'
  | 'backlog'
  | 'schedule';

/** What is wrong with a resource, and what to do about it. */
export interface Problem {
  status: 'warning' | 'failure';
  cause: string;
  advice: string;
}

export type Finding = { check: Check; resource: string } & ({ status: 'ok' } | Problem);

export const failure = (cause: string, advice: string): Problem => ({ status: 'failure', cause, advice });
export const warning = (cause: string, advice: string): Problem => ({ status: 'warning', cause, advice });

export const DEPLOY_AGAIN = 'Deploy the stack again: pulumi up.';

/** Looks at a resource. What can't be found fails, and what may not be looked at is a warning. */
export async function examine(
  check: Check,
  resource: string,
  look: () => Promise<Problem | undefined>,
): Promise<Finding> {
  const problem = await look().catch(problemOf);
  return { check, resource, ...(problem ?? { status: 'ok' }) };
}

/** What a call that failed says of what it asked about. */
export function problemOf(error: unknown): Problem {
  const { message } = error as Error;
  switch (codeOf(error)) {
    case 'not found':
      return failure(`not there: ${message}`, DEPLOY_AGAIN);
    case 'denied':
      return warning(
        `you may not look: ${message}`,
        'Have roles/viewer and roles/iam.securityReviewer granted to you in the project.',
      );
    default:
      return failure(`asking failed: ${message}`, 'Try again; if it stays, look at the message.');
  }
}

/** REST calls fail with HTTP statuses, gRPC calls with codes of google.rpc.Code. */
function codeOf(error: unknown): 'not found' | 'denied' | undefined {
  const { status, code } = error as { status?: number; code?: number | string };
  if (status === 404 || code === 5) return 'not found';
  return status === 403 || code === 7 ? 'denied' : undefined;
}
