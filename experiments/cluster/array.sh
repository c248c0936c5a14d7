#!/bin/bash
# A sweep as an array of jobs of Slurm, counted from 1, one table in one folder:
#
#     sbatch --array=1-8 array.sh settling.yaml /scratch/me/settling
#
# Some of its jobs once more are told of how many they are, and another time its limit:
#
#     SHARDS=8 LIMIT=50m sbatch --array=3,5 --time=01:00:00 array.sh settling.yaml /scratch/me/settling
#
#SBATCH --job-name=sweep
#SBATCH --cpus-per-task=4
#SBATCH --mem-per-cpu=1G
#SBATCH --time=04:00:00
#SBATCH --output=%x-%A-%a.log
#SBATCH --open-mode=append
set -uo pipefail
sweep=$1 out=$2

neurosim sweep "$sweep" --out "$out" --resume \
    --shard "$SLURM_ARRAY_TASK_ID/${SHARDS:-$SLURM_ARRAY_TASK_COUNT}" \
    --workers "$SLURM_CPUS_PER_TASK" --time-limit "${LIMIT:-3h50m}"
status=$?

# 124: its time was up before its points were done, and it goes on where it stopped.
if [ "$status" = 124 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
fi
exit "$status"
