/** How a channel's numbers are to be read; a multiplier that is not said is not compared. */
export interface Scaling {
  unit: string;
  multiplier?: number | undefined;
}

/** Rule 4: whether unit or multiplier of a message differ from the registry's. */
export const unitOrMultiplier = (declared: Scaling, registered: Scaling): boolean =>
  declared.unit !== registered.unit ||
  (declared.multiplier !== undefined &&
    registered.multiplier !== undefined &&
    declared.multiplier !== registered.multiplier);
