import { CommandError, EXIT } from './exit-codes.ts';
import type { Output } from './output.ts';

/** Whether a person is there to be asked. */
export const onTerminal = () => Boolean(process.stdin.isTTY && process.stderr.isTTY);

/**
 * Has a person agree to what touches production. The plan has been printed before.
 *
 * @throws CommandError `declined` when the answer is no, `refused` when nobody can be asked and `--yes` is not given
 */
export async function confirm(
  question: string,
  { yes, output }: { yes: boolean; output: Output },
): Promise<void> {
  if (yes) return;
  if (!onTerminal()) {
    throw new CommandError(EXIT.refused, `${question} There is no terminal to ask on: give --yes to go on.`);
  }
  const prompts = await import('@clack/prompts');
  const answer = await prompts.confirm({ message: question, initialValue: false, output: process.stderr });
  if (prompts.isCancel(answer) || !answer) throw new CommandError(EXIT.declined, 'Nothing was changed.');
  output.say('');
}
