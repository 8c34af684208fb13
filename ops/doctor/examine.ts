import { examineAccess, examineApis } from './apis.ts';
import { Declaration } from './declaration.ts';
import type { Finding } from './finding.ts';
import { Google } from './google.ts';
import { examineGrants } from './grants.ts';
import { examineAccounts, examineFunctions, examineKeys } from './resources.ts';
import { examineSchedules } from './schedules.ts';
import { examineBacklogs, examineSubscriptions } from './subscriptions.ts';

/**
 * Compares what runs with what the program declares for some stacks.
 *
 * @param settings values that the stacks were deployed with beside their files
 */
export async function examine(stacks: string[], settings: Record<string, string>): Promise<Finding[]> {
  const declaration = await Declaration.of(stacks, settings);
  const google = new Google();
  const { findings: functions, addresses } = await examineFunctions(declaration, google);
  const others = await Promise.all([
    examineAccess(declaration, google),
    examineApis(declaration, google),
    examineAccounts(declaration, google),
    examineGrants(declaration, google),
    examineKeys(declaration, google),
    examineSubscriptions(declaration, addresses),
    examineBacklogs(declaration, google),
    examineSchedules(declaration),
  ]);
  return [...functions, ...others.flat()];
}
