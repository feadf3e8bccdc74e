from django.db import migrations, models

from accounts.stepwise import Stepwise


class Migration(Stepwise):
    dependencies = [
        ('students', '0007_identification'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='observation',
            name='students_ob_student_6d2f24_idx',
        ),
        migrations.AddIndex(
            model_name='observation',
            index=models.Index(condition=models.Q(('voided_at__isnull', True)), fields=['student', '-happened_on', 'level', 'kind'], name='touches_of_a_student'),
        ),
        migrations.AddIndex(
            model_name='observation',
            index=models.Index(condition=models.Q(('voided_at__isnull', True)), fields=['happened_on', 'level', 'kind', 'student'], name='touches_by_day'),
        ),
    ]
