/** How an execution of a model's state machine ended, in words. @param state the last it entered; @param output as JSON. */
export function executionWords(state: string, output: string): string {
  const { runId, reason, drifting, recent, baseline } = JSON.parse(output || '{}') as Ended;
  switch (state) {
    case 'NothingToLearnFrom':
      return 'There is too little history to learn from yet: nothing was trained.';
    case 'ChampionStays':
      return `${runId} was kept back by the gate: ${reason}`;
    case 'StartPromotion':
      return 'What was trained passed the gate and is put behind the endpoint step by step; its alarms call it back.';
    case 'Promoted':
      return 'The endpoint has shifted its traffic, and no alarm rang.';
    case 'NothingRead':
      return 'Nothing was read yet to go by.';
    case 'Judged':
      return 'Every meter is judged; what looks like a fault stands among the anomalies.';
    case 'Issued':
      if (recent == null || baseline == null)
        return 'Forecasts are issued. How good they are shows once their hours are over.';
      return `Forecasts are issued. Their error of late is ${share(recent)} of the mean load, ${share(baseline)} before${
        drifting ? ': they have become worse, and a training has begun.' : '.'
      }`;
    default:
      return output;
  }
}

interface Ended {
  runId?: string;
  reason?: string;
  drifting?: boolean;
  recent?: number | null;
  baseline?: number | null;
}

const share = (of: number): string => `${(of * 100).toFixed(1)} %`;
