/** Whether a key is nobody's: no text is being typed, no dialog is open, no modifier is held, and nothing has answered to it. */
export const isFree = (event: KeyboardEvent): boolean => {
  const { target } = event;
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return false;
  if (!(target instanceof HTMLElement)) return true;
  if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return false;
  return target.closest('dialog') === null;
};
