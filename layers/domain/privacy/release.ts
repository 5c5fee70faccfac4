import { RELEASE_RULE } from '../../contracts/api/privacy.ts';
import type { Together } from '../windows/window-totals.ts';

/** Whether what meters add up to tells too little of any one of them to be kept from those who may not read them. */
export const isReleasable = ({ energyWh, metersPresent, mostOfOneWh }: Together): boolean =>
  metersPresent >= RELEASE_RULE.leastCustomers && mostOfOneWh * 100 <= energyWh * RELEASE_RULE.mostSharePercent;
