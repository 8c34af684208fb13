import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { StageFailure } from './failure.ts';

const Claims = z.object({ email: z.email(), email_verified: z.literal(true) });

/**
 * The e-mail address of who called a function that Cloud Run lets nobody call without an identity token: Cloud Run has
 * checked the token and hands it on without its signature. Of two it has checked `X-Serverless-Authorization`, and hands
 * the other on as it came, so that anybody may have made that up.
 *
 * @throws StageFailure `BATON_CALLER_NOT_ALLOWED` where the token names nobody
 */
export function callerOf(headers: IncomingHttpHeaders): string {
  const checked = headers['x-serverless-authorization'] ?? headers.authorization;
  const claims = Claims.safeParse(payloadOf(String(checked ?? '')));
  if (claims.success) return claims.data.email;
  throw new StageFailure(
    'BATON_CALLER_NOT_ALLOWED',
    "the call's identity token names no verified e-mail address",
  );
}

function payloadOf(authorization: string): unknown {
  const [, payload = ''] = authorization.replace(/^bearer /i, '').split('.');
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The IAM member that an e-mail address is of. */
export const memberOf = (email: string): string =>
  `${email.endsWith('.gserviceaccount.com') ? 'serviceAccount' : 'user'}:${email}`;
