import { runRules, SERVING_RULES } from './components/alert-rules.ts';
import { Alerts } from './components/alerts.ts';
import { declareDashboard } from './components/dashboard.ts';
import { LogMetrics } from './components/log-metrics.ts';
import type { Settings } from './settings.ts';

/** Declares what tells people how runs and endpoints are: metrics, a dashboard, and alerts. */
export function declareObservability(settings: Settings): void {
  const { project, alertEmails, alertThresholds, runbookUrl } = settings;
  const serving = settings.tenant !== 'nonprod';
  const metrics = new LogMetrics('log-metrics', { project, serving });
  new Alerts('alerts', {
    project,
    rules: [...runRules(alertThresholds), ...(serving ? SERVING_RULES : [])],
    emails: alertEmails,
    runbookUrl,
    metrics,
  });
  declareDashboard(project, serving);
}
