/** Name of the CronJob, of its Jobs' pods and of the claim with the backups. */
export const backupName = "database-backup";
/** Claim of the volume with the backups. */
export const backupClaim = "database-backups";
/** Name of the container. */
export const backupContainer = "backup";

/** What a Job does: the first argument of the program. */
export type BackupAction = "backup" | "list" | "restore";
