import { GoogleAuth, gaxios } from 'google-auth-library';
import { z } from 'zod';
import type { DecisionRequest } from '../events/index.ts';
import type { Session } from './commands/session.ts';
import { CommandError, EXIT } from './terminal/exit-codes.ts';

/** What `decide` answers where it does not do what it was asked. */
const Refusal = z.object({ code: z.string(), reason: z.string(), advice: z.string() });

/** The function's answer is never worth waiting for longer: it reads and writes a few small objects. */
const PATIENCE_MS = 60_000;

/**
 * Asks production's `decide` for something, as whoever the credentials are for, or whose identity token is in
 * `BATON_IDENTITY_TOKEN`.
 *
 * @throws CommandError `refused` where it may not be, with the code and the reason
 */
export async function askToDecide<Answer>(
  { environment }: Session,
  request: DecisionRequest,
  answer: z.ZodType<Answer>,
): Promise<Answer> {
  const url = environment.prod.functions.decide;
  if (!url) {
    throw new CommandError(
      EXIT.notFound,
      `the outputs of ${environment.name} name no function decide: deploy this version, and take its outputs`,
    );
  }
  const { status, data } = await new gaxios.Gaxios().request<unknown>({
    ...{ url, method: 'POST', data: request, timeout: PATIENCE_MS },
    headers: { authorization: `Bearer ${await identityToken(url)}` },
    validateStatus: () => true,
  });
  if (status === 200) return answer.parse(data);
  const refusal = Refusal.safeParse(data).data;
  if (refusal && status < 500) {
    throw new CommandError(EXIT.refused, `${refusal.code}: ${refusal.reason}\n→ ${refusal.advice}`);
  }
  const said = refusal ? `${refusal.code}: ${refusal.reason}` : String(data);
  if (status === 401 || status === 403) {
    throw new CommandError(EXIT.refused, `${url} lets nobody in with these credentials: ${said}`);
  }
  throw new Error(`${url} answered ${status}: ${said}`);
}

async function identityToken(audience: string): Promise<string> {
  const given = process.env.BATON_IDENTITY_TOKEN;
  if (given) return given;
  const client = await new GoogleAuth().getIdTokenClient(audience);
  return client.idTokenProvider.fetchIdToken(audience);
}
