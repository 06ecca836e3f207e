/* The window's own words, in English and French: what shows when the channel's catalogue has no such phrase. */
import { format, tag, type Values } from "./icu";

const en = {
  weAreOnline: "We are online",
  weAreOffline: "We are offline",
  online: "Online",
  waitingDescription: "One of our agents will reply shortly.",
  waitingForAgent: "Waiting for an agent",
  offlineFormDesc: "We are not available right now. Please come back later.",
  replyBoxPlaceholder: "Write a message…",
  send: "Send",
  uploadAttachment: "Attach a file",
  dragAndDropDropzone: "Drop the files to send here",
  sendFileTextSize: "Files of up to {filesize} MB, of these types:",
  minimizeLabel: "Minimize",
  moreLabel: "More options",
  close: "Close",
  cancel: "Cancel",
  endChat: "End the conversation",
  endChatTitle: "Do you really want to end this conversation?",
  startNewChat: "New conversation",
  beginButton: "Start a conversation",
  backToConversations: "Back to conversations",
  noRunningConversations: "No conversation yet",
  archive: "Archive",
  chattedWith: "You chatted with {name}.",
  customerLeftTheSession: "The conversation has ended.",
  archiveMsg: "This conversation has been archived.",
  loadPreviousButton: "Load earlier messages",
  loading: "Loading…",
  statusReconnecting: "Reconnecting…",
  preparingSession: "Connecting…",
  unexpectedError: "Something went wrong. Reload the page to try again.",
  ipAddressBlocked: "This network address is blocked.",
  authorizationFailedPleaseRefreshTheWebpage: "You could not be signed in. Please reload the page.",
  messageSendingFailed: "Not sent",
  fileSendingFailed: "The file was not sent",
  uploadFailed: "The upload failed",
  uploadMessage: "This file is too large, or of a type that is not allowed.",
  retry: "Try again",
  agent: "Agent",
  customerChat: "Chat",
  chatWindowOpen: "The chat window is open",
  allAgentsForQueueAreBusy:
    "All our agents are busy. {queue, plural, =0 {You are next.} one {There is <strong>#</strong> person before you.} other {There are <strong>#</strong> people before you.}}",
  noAgentOnlineForQueue: "No agent is available at the moment.",
  turnOnAudioNotification: "Turn sound on",
  turnOffAudioNotification: "Turn sound off",
  download: "Download",
  fileAttachment: "Attachment",
  conversations: "Conversations",
  you: "You",
  agentIsTyping: "{name} is typing",
  messageSending: "Sending…",
  messageSent: "Delivered",
  messageSeen: "Read",
  unreadMessages: "{count, plural, one {# new message} other {# new messages}}",
  openChat: "Open the chat",
};

export type PhraseId = keyof typeof en;

const fr: Record<PhraseId, string> = {
  weAreOnline: "Nous sommes en ligne",
  weAreOffline: "Nous sommes hors ligne",
  online: "En ligne",
  waitingDescription: "Un de nos agents vous répond dans un instant.",
  waitingForAgent: "En attente d’un agent",
  offlineFormDesc: "Nous ne sommes pas disponibles pour le moment. Revenez un peu plus tard.",
  replyBoxPlaceholder: "Écrivez un message…",
  send: "Envoyer",
  uploadAttachment: "Joindre un fichier",
  dragAndDropDropzone: "Déposez ici les fichiers à envoyer",
  sendFileTextSize: "Fichiers de {filesize} Mo au plus, des types suivants :",
  minimizeLabel: "Réduire",
  moreLabel: "Autres options",
  close: "Fermer",
  cancel: "Annuler",
  endChat: "Terminer la conversation",
  endChatTitle: "Voulez-vous vraiment terminer cette conversation ?",
  startNewChat: "Nouvelle conversation",
  beginButton: "Démarrer la conversation",
  backToConversations: "Retour aux conversations",
  noRunningConversations: "Aucune conversation pour l’instant",
  archive: "Archiver",
  chattedWith: "Vous avez échangé avec {name}.",
  customerLeftTheSession: "La conversation est terminée.",
  archiveMsg: "Cette conversation a été archivée.",
  loadPreviousButton: "Voir les messages précédents",
  loading: "Chargement…",
  statusReconnecting: "Reconnexion…",
  preparingSession: "Connexion…",
  unexpectedError: "Une erreur est survenue. Actualisez la page pour réessayer.",
  ipAddressBlocked: "Cette adresse réseau est bloquée.",
  authorizationFailedPleaseRefreshTheWebpage: "Impossible de vous connecter. Actualisez la page.",
  messageSendingFailed: "Non envoyé",
  fileSendingFailed: "Le fichier n’a pas été envoyé",
  uploadFailed: "Le téléversement a échoué",
  uploadMessage: "Ce fichier est trop volumineux, ou d’un type non autorisé.",
  retry: "Réessayer",
  agent: "Agent",
  customerChat: "Clavardage",
  chatWindowOpen: "La fenêtre de clavardage est ouverte",
  allAgentsForQueueAreBusy:
    "Tous nos agents sont occupés. {queue, plural, =0 {Vous êtes le prochain.} one {Il y a <strong>#</strong> personne avant vous.} other {Il y a <strong>#</strong> personnes avant vous.}}",
  noAgentOnlineForQueue: "Aucun agent n’est disponible pour le moment.",
  turnOnAudioNotification: "Activer le son",
  turnOffAudioNotification: "Désactiver le son",
  download: "Télécharger",
  fileAttachment: "Pièce jointe",
  conversations: "Conversations",
  you: "Vous",
  agentIsTyping: "{name} est en train d’écrire",
  messageSending: "Envoi…",
  messageSent: "Distribué",
  messageSeen: "Lu",
  unreadMessages: "{count, plural, one {# nouveau message} other {# nouveaux messages}}",
  openChat: "Ouvrir le clavardage",
};

export type Say = (id: PhraseId, values?: Values) => string;

/** The channel's phrases over our own in the same language (English where we have none). */
export function phrasebook(phrases: Record<string, string>, locale: string): Say {
  const own = /^fr/i.test(locale) ? fr : en;
  return (id, values = {}) => format(phrases[id] || own[id] || id, values, locale);
}

export const rightToLeft = (locale: string) => /^(ar|he|iw|fa|ur|ps|sd|ug|yi|dv|ckb)\b/.test(locale.replaceAll("_", "-"));

export interface Clock {
  time(at: number): string;
  day(at: number): string;
  /** Short: the time today, the date before. */
  short(at: number): string;
}

export function clock(locale: string): Clock {
  const language = tag(locale);
  const time = new Intl.DateTimeFormat(language, { timeStyle: "short" });
  const day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
  const date = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const daysAgo = (at: number) => Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 864e5);
  const upper = (text: string) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
  return {
    time: (at) => time.format(at),
    day: (at) => upper(daysAgo(at) < 2 ? relative.format(-daysAgo(at), "day") : day.format(at)),
    short: (at) => (daysAgo(at) < 1 ? time : date).format(at),
  };
}
