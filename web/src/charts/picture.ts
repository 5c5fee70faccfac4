import type uPlot from 'uplot';
import { saveFile } from '../app/csv.ts';
import { resolved } from './theme.ts';

/** Saves a chart as it is drawn, with its title and background. */
export const savePicture = (name: string, title: string, plot: uPlot): void => {
  const drawn = plot.ctx.canvas;
  const head = 32 * devicePixelRatio;
  const canvas = document.createElement('canvas');
  canvas.width = drawn.width;
  canvas.height = drawn.height + head;
  const context = canvas.getContext('2d');
  if (!context) return;
  context.fillStyle = resolved('--surface');
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = resolved('--text');
  context.font = `600 ${14 * devicePixelRatio}px "Inter Variable", system-ui, sans-serif`;
  context.fillText(title, 16 * devicePixelRatio, 22 * devicePixelRatio);
  context.drawImage(drawn, 0, head);
  canvas.toBlob((blob) => blob && saveFile(`${name}.png`, blob));
};
