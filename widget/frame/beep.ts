/* A short soft sound, made here: nothing is fetched for it. */
let context: AudioContext | undefined;

export function beep(): void {
  try {
    context ??= new AudioContext();
    const { currentTime, destination } = context;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.setValueAtTime(660, currentTime);
    tone.frequency.setValueAtTime(880, currentTime + 0.09);
    volume.gain.setValueAtTime(0.08, currentTime);
    volume.gain.exponentialRampToValueAtTime(0.0001, currentTime + 0.3);
    tone.connect(volume).connect(destination);
    tone.start();
    tone.stop(currentTime + 0.3);
  } catch {
    /* no sound here */
  }
}
